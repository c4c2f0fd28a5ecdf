const urls = import.meta.glob<string>('../../models/digits/*.png', { query: '?url', import: 'default', eager: true });

const SIDE = 280;
const FRAMES_PER_SECOND = 15;
const MS_PER_DIGIT = 2000;

/** A stream without a camera: the package's digits, one after the other, that sway a little. */
export const syntheticStream = async (): Promise<{ readonly media: MediaStream; readonly stop: () => void }> => {
  const images = await Promise.all(
    Object.entries(urls)
      .sort()
      .map(async ([, url]) => {
        const image = new Image();
        image.src = url;
        await image.decode();
        return image;
      }),
  );
  const canvas = Object.assign(document.createElement('canvas'), { width: SIDE, height: SIDE });
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  const begin = performance.now();
  const draw = (): void => {
    const t = performance.now() - begin;
    const image = images[Math.floor(t / MS_PER_DIGIT) % images.length] as HTMLImageElement;
    context.fillStyle = '#000';
    context.fillRect(0, 0, SIDE, SIDE);
    context.drawImage(image, 8 * Math.sin(t / 400), 8 * Math.cos(t / 500), SIDE, SIDE);
  };
  draw();
  const timer = setInterval(draw, 1000 / FRAMES_PER_SECOND);
  const media = canvas.captureStream(FRAMES_PER_SECOND);
  return {
    media,
    stop: () => {
      clearInterval(timer);
      for (const track of media.getTracks()) track.stop();
    },
  };
};
